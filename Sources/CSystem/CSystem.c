#include "cpu_pause.h"
