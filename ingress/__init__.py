"""Takes what Mixpanel, Koji and callers of ours send: verify, read, store, answer."""
