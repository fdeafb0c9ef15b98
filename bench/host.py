"""What the figures were measured on and with."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from cases import cores

_TOLD = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve")


def host_lines() -> list[str]:
    """Describe processor, system, versions and day, a line each."""
    flags = _cpuinfo("flags", "Features").split()
    told = ", ".join(name for name in _TOLD if name in flags) or platform.machine()
    packages = ("ceteris", "torch", "torchvision", "numpy", "pillow", "keras", "tensorflow", "jax")
    versions = [f"{name} {version}" for name in packages if (version := _version(name))]
    model = _cpuinfo("model name") or platform.processor() or platform.machine()
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    return [
        f"Processor: {model}, {cores()} cores used, instruction sets {told}",
        f"Software: {', '.join([system, *versions])}",
        f"Day: {datetime.now(UTC):%Y-%m-%d}",
    ]


def others_at_work() -> float | None:
    """Give the system's load of the last minute, in cores, where it is known."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpuinfo(*keys: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.partition(":")[0].strip() in keys), "")
