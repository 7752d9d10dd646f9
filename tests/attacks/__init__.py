"""Attacks on the service: each tries to keep others from being served, and a neighbour is served meanwhile."""
