"""How data gets in and becomes safe."""
