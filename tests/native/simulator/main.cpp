#include <string>

#include "test_harness.h"
#include "trtvocoder_simulator.h"

int checkFactoriesWithoutGpu();

int main(int argc, char** argv) {
    if (argc > 1 && std::string(argv[1]) == "--without-gpu") return checkFactoriesWithoutGpu();
    return harness::runAll(trtv_sim_reset);
}
