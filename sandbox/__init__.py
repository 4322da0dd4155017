"""A local Koji and a local Mixpanel to run the bridge against on one machine."""
