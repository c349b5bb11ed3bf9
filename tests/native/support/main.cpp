#include "cases.h"

int main() { return cases::run_all(); }
