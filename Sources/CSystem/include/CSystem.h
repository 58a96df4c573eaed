// Every header of this module; a header that is missing here can't be seen from Swift.
#pragma once
#include "cpu_pause.h"
#include "engine_process.h"
#include "machine.h"
#include "memory_hints.h"
#include "nb_file_clone.h"
#include "spawn_folder.h"
#include "utf8_check.h"
