CREATE OPERATOR === (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int, COMMUTATOR = ===, NEGATOR = !==, HASHES, MERGES, RESTRICT = eqsel, JOIN = eqjoinsel);
CREATE OPERATOR !== (FUNCTION = int4ne, LEFTARG = int, RIGHTARG = int, COMMUTATOR = !==, NEGATOR = ===, RESTRICT = neqsel, JOIN = neqjoinsel);
CREATE OPERATOR <<# (FUNCTION = int4lt, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR >># (FUNCTION = int4gt, LEFTARG = int, RIGHTARG = int);
