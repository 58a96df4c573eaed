#include "hash_table.h"

#define TABLE hash_table_base
#include "hash_impl.h"
