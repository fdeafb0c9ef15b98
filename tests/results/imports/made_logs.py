"""Logs of experiment trackers, written byte by byte as their formats say."""

import json
import struct
import zlib

from ceteris.results.imports.event_files import _masked

BLOCK = 32768


def field(number, content):
    """Encode a field: an integer as a varint, a float in 8 bytes, anything else with its length."""
    if isinstance(content, bool | int):
        return varint(number << 3) + varint(int(content))
    if isinstance(content, float):
        return varint(number << 3 | 1) + struct.pack("<d", content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def float32(number, value):
    """Encode a float of 4 bytes."""
    return varint(number << 3 | 5) + struct.pack("<f", value)


def varint(value):
    """Encode an integer, seven bits a byte."""
    value %= 1 << 64
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def tfrecord(record):
    """Frame a record of an event file."""
    length = struct.pack("<Q", len(record))
    return b"".join([length, struct.pack("<I", _masked(length)), record, struct.pack("<I", _masked(record))])


def scalar(tag, value, step):
    """Give an event as TensorBoard X and PyTorch write it."""
    return tfrecord(field(2, step) + field(5, field(1, field(1, tag) + float32(2, value))))


def tensor_scalar(tag, value, step):
    """Give an event as TensorFlow 2 writes it: a float64 in a tensor."""
    tensor = field(1, 2) + field(4, struct.pack("<d", value))
    return tfrecord(field(2, step) + field(5, field(1, field(1, tag) + field(8, tensor))))


def wandb_log(records):
    """Frame records as a log of Weights & Biases, in blocks."""
    log = b":W&B\xe1\xbe\x00"
    for record in records:
        kinds, rest = (2, 3, 4), record
        is_first = True
        while is_first or rest:
            left = BLOCK - len(log) % BLOCK
            if left < 7:
                log += bytes(left)
                continue
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (1 if not rest else kinds[0]) if is_first else (kinds[1] if rest else kinds[2])
            log += struct.pack("<IHB", zlib.crc32(bytes([kind]) + part), len(part), kind) + part
            is_first = False
    return log


def items(number, values):
    """Give items of a history, a summary or settings, with JSON in them."""
    return b"".join(field(number, field(1, name) + field(16, json.dumps(value))) for name, value in values.items())


def wandb_run(name, group, config, history, exit_code=0, tags=()):
    """Give the records of a run."""
    about = [field(1, name), field(4, items(1, config)), field(6, group), *(field(10, tag) for tag in tags)]
    records = [field(17, b"".join(about))]
    for step, values in enumerate(history):
        records.append(field(2, items(1, {**values, "_step": step})))
    if exit_code is not None:
        records.append(field(18, field(1, exit_code)))
    return [field(1, number) + record for number, record in enumerate(records)]
