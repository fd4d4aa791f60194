"""Pieces of a page that know nothing of stocks: tables, pieces of HTML, the address."""
