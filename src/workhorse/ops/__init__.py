"""The operations: what can be asked of a namespace, as flows without I/O."""
