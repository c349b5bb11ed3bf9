#include "test_harness.h"
#include "trtvocoder_simulator.h"

int main() { return harness::runAll(trtv_sim_reset); }
