"""The local Mixpanel: imports events, keeps profiles, and exports cohorts."""
