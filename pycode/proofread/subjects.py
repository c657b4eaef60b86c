"""Names of the worlds, and for each the module in worlds/ that draws its instances."""

NAMES = {
    "vae": "vae",
    "gaussians": "gaussians",
    "decoders": "decoders",
    "mdp": "mdp",
    "mdp-discounted": "mdp",
}


def module(world: str) -> str:
    """Dotted name of the module of a world."""
    return f"pycode.proofread.worlds.{NAMES[world]}"
