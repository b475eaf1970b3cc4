# SPDX-License-Identifier: Apache-2.0
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

set(BASISBENCH_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined or thread")
if(BASISBENCH_SANITIZE)
  add_compile_options(-fsanitize=${BASISBENCH_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BASISBENCH_SANITIZE})
endif()

# Warnings are errors in our own code; generated code is compiled without them.
add_library(basisbench_warnings INTERFACE)
target_compile_options(basisbench_warnings INTERFACE -Wall -Wextra -Wpedantic -Werror -Wno-unused-parameter
                                                     -Wno-missing-field-initializers)
# gcc 12 reports overlapping copies inside std::string that cannot happen (GCC bug 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(basisbench_warnings INTERFACE -Wno-restrict)
endif()
