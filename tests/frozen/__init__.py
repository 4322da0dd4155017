"""Ledgers as released versions wrote them, and the script that makes one."""
