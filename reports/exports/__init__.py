"""Exports: what rows (`links`), in which format (`csv`, `jsonl`, `netscape`), compressed how."""
