# SPDX-License-Identifier: Apache-2.0
# Every library comes from the system. Debian ships no CMake package for some; pkg-config finds those.
set(CMAKE_FIND_PACKAGE_PREFER_CONFIG OFF)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(prometheus-cpp CONFIG REQUIRED)
find_package(civetweb CONFIG REQUIRED)
find_package(CLI11 CONFIG REQUIRED)
find_package(nlohmann_json CONFIG REQUIRED)
find_package(yaml-cpp CONFIG REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)

# The C interface only: Debian's Open MPI still carries the C++ bindings that MPI-3 removed.
find_package(MPI REQUIRED COMPONENTS C)

find_package(PkgConfig REQUIRED)
pkg_check_modules(hwloc REQUIRED IMPORTED_TARGET hwloc)
if(BASISBENCH_FFTW)
  pkg_check_modules(fftw3 REQUIRED IMPORTED_TARGET fftw3)
  pkg_check_modules(fftw3f REQUIRED IMPORTED_TARGET fftw3f)
endif()
if(BASISBENCH_TESTS)
  find_package(GTest CONFIG REQUIRED)
endif()
