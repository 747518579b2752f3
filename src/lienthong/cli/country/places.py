"""Where the files of a country lie.

::

    country.json             what it was set up from; written last: its presence means that the country is whole
    registry/                the registry's data, registry.token the access token of its first operator
    nodes/GOV-G01/           one node: node.toml, keys and certificates, root.json, data/ (ledger, index, directory)
    systems/                 secrets of the systems that prove themselves by one
    applications/dan-cu/     the store of one provider application
    ca.pem                   the authorities' certificates
    logs/                    what each process said
    story/                   the story's own copy of the directory
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lienthong.cli.country.plan import ApplicationPlan, NodePlan, SystemPlan


class Places(NamedTuple):
    """The files below one data folder."""

    root: Path

    @property
    def marker(self) -> Path:
        """What the country was set up from."""
        return self.root / "country.json"

    @property
    def registry(self) -> Path:
        """Data of the registry."""
        return self.root / "registry"

    @property
    def token(self) -> Path:
        """Access token of the registry's first operator."""
        return self.root / "registry.token"

    @property
    def authorities(self) -> Path:
        """Certificates of the embedded authority."""
        return self.root / "ca.pem"

    @property
    def trusted_root(self) -> Path:
        """The first root of the directory, as every node gets it by hand."""
        return self.root / "root.json"

    @property
    def logs(self) -> Path:
        """What each process said."""
        return self.root / "logs"

    @property
    def story(self) -> Path:
        """The story's own copy of the directory."""
        return self.root / "story"

    def node(self, node: NodePlan) -> Path:
        """Folder of a node."""
        return self.root / "nodes" / node.name

    def node_data(self, node: NodePlan) -> Path:
        """Data folder of a node."""
        return self.node(node) / "data"

    def secret(self, system: SystemPlan) -> Path:
        """The secret of a system."""
        return self.root / "systems" / f"{system.name}.secret"

    def application(self, application: ApplicationPlan) -> Path:
        """Data folder of a provider application."""
        return self.root / "applications" / application.name
