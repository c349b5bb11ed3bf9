// The kernels as clang reads them for the GPU; build.sh ptx makes kernels.ptx of it.
#include "inverse_stft.h"
