"""Until the grant decision is merged, a stand-in takes its import name."""

import sys
import types
from dataclasses import dataclass
from importlib.util import find_spec

from lienthong.domain.grants import Grant

if find_spec("lienthong.domain.decision") is None:

    @dataclass(frozen=True, slots=True)
    class CompiledGrant:
        grant: Grant

    module = types.ModuleType("lienthong.domain.decision")
    module.CompiledGrant = CompiledGrant
    module.compile_grant = CompiledGrant
    sys.modules["lienthong.domain.decision"] = module
