# SPDX-License-Identifier: Apache-2.0
# The CUDA kernels compiled for the processor, and the tests of device primitives run on them: the kernels' arithmetic
# is tested on every machine, with CUDA or without.
file(GLOB kernel_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/workers/devices/cuda/kernels/*.cu
                                           ${PROJECT_SOURCE_DIR}/workers/devices/cuda/kernels/*.cc)
set_source_files_properties(${kernel_sources} PROPERTIES LANGUAGE CXX)
add_library(basisbench_kernels_on_host STATIC EXCLUDE_FROM_ALL ${kernel_sources})
target_link_libraries(basisbench_kernels_on_host PUBLIC basisbench_devices basisbench_cpu PRIVATE basisbench_warnings)

# Those of the tests of a device that it passes whatever its libraries are.
set(device_tests unit/workers/devices)
set(common_device_tests ${device_tests}/activation_test.cc ${device_tests}/convert_test.cc ${device_tests}/decay_test.cc ${device_tests}/dwt_test.cc
                        ${device_tests}/linear_stages_test.cc ${device_tests}/product_test.cc ${device_tests}/row_projection_test.cc
                        ${device_tests}/softmax_test.cc ${device_tests}/stage_kernels_test.cc)
file(GLOB kernel_tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${device_tests}/cuda/kernels/*_test.cc)
add_executable(device_kernels_test ${device_tests}/test_device_kernels.cc ${common_device_tests} ${kernel_tests})
target_link_libraries(device_kernels_test PRIVATE basisbench_kernels_on_host GTest::gmock GTest::gtest_main
                                                  basisbench_warnings)
gtest_discover_tests(device_kernels_test TEST_PREFIX kernels. DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 120)
if(basisbench_cuda)
  include(${CMAKE_CURRENT_SOURCE_DIR}/cuda.cmake)
endif()
