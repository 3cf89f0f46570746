from erp_integrations.pairing.kinds import COST_TYPES, LINES, PAIRS
from erp_integrations.pairing.pairs import Entry, Match, Pair, Standing
from erp_integrations.pairing.standings import standings

__all__ = ["COST_TYPES", "LINES", "PAIRS", "Entry", "Match", "Pair", "Standing", "standings"]
