#pragma once

#include "gemm_bf16.h"
