"""Files as FSL's Glm and Text2Vest write them."""


def write_vest(path, rows, **keys):
    """Write a matrix with its keys, such as ContrastName1="mean"."""
    sizes = {"NumWaves": len(rows[0]), "NumPoints": len(rows)}
    head = [f"/{key}\t{value}" for key, value in (sizes | keys).items()]
    body = ["\t".join(f"{value:e}" for value in row) for row in rows]
    path.write_text("\n".join([*head, "", "/Matrix", *body]) + "\n")
    return path
