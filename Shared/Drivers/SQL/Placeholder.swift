internal import CPgQuery
