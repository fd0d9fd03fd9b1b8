// The main() of every test program: doctest's, which runs all cases or those that are named.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
