"""Names in storage, as an image has them."""

ONE = "f3/a1/00a1f3"
NAME = f"{ONE}/original"
