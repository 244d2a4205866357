"""Scanners' records become findings here: subjects, policy, waivers, fingerprints, bills of materials."""
