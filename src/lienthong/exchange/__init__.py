"""One exchange as a machine: inputs in, effects out, both sides. Pure."""
