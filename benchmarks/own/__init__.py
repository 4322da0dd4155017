"""The bridge alone, against bare floors measured in the same pass."""
