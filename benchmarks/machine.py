"""What the numbers were measured on."""

import datetime
import os
import platform
from pathlib import Path

import torch

from pycode.training import has_bfloat16


def describe() -> dict[str, str | int]:
    """Processor, what of it torch uses, cores, versions, system and date, by name."""
    return {
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability() + (", bfloat16" if has_bfloat16() else ""),
        "cores": os.cpu_count() or 0,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def _processor() -> str:
    """Model, as Linux knows it, with family and number, for clouds shorten the name; elsewhere as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "model name" not in facts:
        return platform.machine()
    return f"{facts['model name']}, family {facts.get('cpu family', '?')}, model {facts.get('model', '?')}"
