"""Cores and memory are those that the process may use, whatever the machine has."""

import os
import resource

import pytest

from ceteris.resources import available_cores, cores, free_memory

V2 = "30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
MEGABYTE = 2**20


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Make up the files of a system with 8 cores; give a function that writes more of them."""
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def in_group(path, mounts=V2):
    """Say that the process is in a control group of version 2."""
    return {"proc/self/cgroup": f"0::{path}\n", "proc/self/mountinfo": mounts}


@pytest.mark.parametrize(("quota", "count"), [("200000 100000", 2), ("150000 100000", 2), ("50000 100000", 1)])
def test_a_quota_of_a_container_limits_the_cores(machine, quota, count):
    """Half a core more is worth a thread more; less than one core is one thread."""
    found = cores(machine(in_group("/") | {"sys/fs/cgroup/cpu.max": f"{quota}\n"}))

    assert found.count == count
    assert found.limit == f"a CPU quota of {int(quota.split()[0]) / 100_000:g} of 8 cores"


def test_the_tightest_of_nested_groups_counts(machine):
    """A group inside one with a quota of its own cannot have more than that, and `max` is no limit."""
    root = machine(
        in_group("/a/b/c")
        | {
            "sys/fs/cgroup/a/b/c/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/b/cpu.max": "600000 100000\n",
            "sys/fs/cgroup/a/cpu.max": "300000 100000\n",
        }
    )

    assert cores(root).count == 3


def test_version_1_of_control_groups_is_read_too(machine):
    """Quota and memory have trees of their own; a container sees its part of the tree, under the path of the whole."""
    mounts = (
        "31 1 0:27 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "32 1 0:28 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    )
    cpu, memory = "sys/fs/cgroup/cpu,cpuacct", "sys/fs/cgroup/memory"
    root = machine(
        {
            "proc/self/cgroup": "4:memory:/docker/ab\n2:cpu,cpuacct:/docker/ab\n",
            "proc/self/mountinfo": mounts,
            f"{cpu}/cpu.cfs_quota_us": "400000\n",
            f"{cpu}/cpu.cfs_period_us": "100000\n",
            f"{memory}/memory.limit_in_bytes": f"{900 * MEGABYTE}\n",
            f"{memory}/memory.usage_in_bytes": f"{500 * MEGABYTE}\n",
            f"{memory}/memory.stat": f"cache 1\ntotal_inactive_file {100 * MEGABYTE}\n",
        }
    )

    assert cores(root).count == 4
    assert free_memory(root).free == 500 * MEGABYTE


def test_a_quota_of_minus_one_is_none(machine):
    """As version 1 says it; nor is there a limit where the files are missing."""
    mounts = "31 1 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
    files = {"proc/self/cgroup": "2:cpu:/\n", "proc/self/mountinfo": mounts}

    assert cores(machine(files)).limit == ""
    assert cores(machine({"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n"})).count == 8


def test_an_affinity_limits_the_cores(machine, monkeypatch):
    """As `taskset` and cpusets set it."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 5})

    found = cores(machine({}))
    assert (found.count, found.limit) == (2, "a CPU affinity of 2 of 8 cores")


def test_the_tightest_limit_of_memory_counts(machine, monkeypatch):
    """The machine's, then a container's that is smaller, then the process's own that is smaller still."""
    root = machine({"proc/meminfo": "MemTotal: 4194304 kB\nMemAvailable: 2097152 kB\n"})
    assert (free_memory(root).free, free_memory(root).limit) == (2048 * MEGABYTE, "on this machine")

    machine(in_group("/a") | {"sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.current": "7\n"})
    assert free_memory(root).limit == "on this machine"

    group = {"memory.max": 1024, "memory.current": 300}
    machine({f"sys/fs/cgroup/a/{name}": f"{value * MEGABYTE}\n" for name, value in group.items()})
    assert (free_memory(root).free, free_memory(root).limit) == (
        724 * MEGABYTE,
        "under the memory limit of this container",
    )

    machine({"proc/self/status": "VmSize:\t 102400 kB\nVmData:\t 51200 kB\n"})
    monkeypatch.setattr(resource, "getrlimit", lambda _: (600 * MEGABYTE, resource.RLIM_INFINITY))
    assert (free_memory(root).free, free_memory(root).limit) == (
        500 * MEGABYTE,
        "under this process's own limit (ulimit)",
    )


def test_this_machine_has_a_core_and_memory():
    """Nothing is made up."""
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
    assert free_memory().free > 0
