# SPDX-License-Identifier: Apache-2.0
# GPU workers without a GPU: the whole device around libraries in host memory, the NCCL communicator between threads,
# and, against the real libraries, what a machine without a GPU is told.
add_library(fake_cuda STATIC EXCLUDE_FROM_ALL fakes/fake_cuda_runtime.cc fakes/fake_cuda_libraries.cc)
target_link_libraries(fake_cuda PUBLIC basisbench_cuda_api basisbench_devices PRIVATE basisbench_warnings)

add_executable(cuda_device_test ${device_tests}/test_device_cuda.cc ${common_device_tests} ${device_tests}/fft_test.cc
                                ${device_tests}/gemm_test.cc ${device_tests}/cuda/cuda_device_test.cc ${device_tests}/cuda/fp8_gemm_test.cc ${device_tests}/cuda/graph_test.cc)
target_link_libraries(cuda_device_test PRIVATE fake_cuda basisbench_cuda_host basisbench_kernels_on_host GTest::gmock GTest::gtest_main
                                               basisbench_warnings)
gtest_discover_tests(cuda_device_test TEST_PREFIX cuda. DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 120)

basisbench_test(cuda_measure_test FOLDER unit/workers/measure/cuda LABEL unit DEPS basisbench_measure_cuda fake_cuda basisbench_kernels_on_host)

add_executable(nccl_test unit/workers/collectives/nccl/nccl_test.cc fakes/fake_nccl.cc fakes/ordered_nccl.cc)
target_link_libraries(nccl_test PRIVATE basisbench_nccl fake_cuda GTest::gmock GTest::gtest_main basisbench_warnings)
gtest_discover_tests(nccl_test DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 120)

add_executable(cuda_real_libraries ${device_tests}/cuda/real_libraries_main.cc)
target_link_libraries(cuda_real_libraries PRIVATE basisbench_nccl basisbench_cuda basisbench_cpu basisbench_warnings)
add_test(NAME cuda.real_libraries COMMAND cuda_real_libraries)
set_tests_properties(cuda.real_libraries PROPERTIES LABELS unit TIMEOUT 300 PASS_REGULAR_EXPRESSION "all checks passed")

# The same tests on a GPU, for `./dev gpu` and compute-sanitizer.
add_executable(device_gpu_test ${device_tests}/test_device_gpu.cc ${common_device_tests} ${device_tests}/fft_test.cc
                               ${device_tests}/gemm_test.cc)
target_link_libraries(device_gpu_test PRIVATE basisbench_cuda basisbench_cpu GTest::gmock GTest::gtest_main basisbench_warnings)
add_test(NAME cuda.no_gpu COMMAND device_gpu_test)
set_tests_properties(cuda.no_gpu PROPERTIES LABELS unit TIMEOUT 60 ENVIRONMENT "CUDA_VISIBLE_DEVICES="
                                            PASS_REGULAR_EXPRESSION "no GPU is visible to this process")
