"""The registry put together: founding one, opening one, serving one."""
