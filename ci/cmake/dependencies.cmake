# SPDX-License-Identifier: Apache-2.0
# Every third party in one place. Required ones stop the configuration with a sentence; optional ones say what is lost.
find_package(Threads REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(GTest REQUIRED)  # `lockstep verify` passes GoogleTest's flags through, so it is no test-only dependency

if(LOCKSTEP_ONEDNN)
  # Not find_package(dnnl): Debian's configuration file asks for OpenCL's headers, which its CPU library does not need.
  find_library(LOCKSTEP_DNNL dnnl)
  find_path(LOCKSTEP_DNNL_INCLUDE oneapi/dnnl/dnnl.hpp)
  if(LOCKSTEP_DNNL AND LOCKSTEP_DNNL_INCLUDE)
    add_library(lockstep_onednn INTERFACE)
    target_link_libraries(lockstep_onednn INTERFACE ${LOCKSTEP_DNNL})
    target_include_directories(lockstep_onednn SYSTEM INTERFACE ${LOCKSTEP_DNNL_INCLUDE})
    target_compile_definitions(lockstep_onednn INTERFACE LOCKSTEP_WITH_ONEDNN=1)
  else()
    message(STATUS "oneDNN was not found (Debian: libdnnl-dev): the CPU has no vendor peer to compare with")
  endif()
endif()

if(LOCKSTEP_CUDA)
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90)
  endif()
  enable_language(CUDA)
  if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know nvcc's C++20
    set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION "-std=c++20")
    set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION "-std=c++20")
    list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
  endif()
  set(CMAKE_CUDA_STANDARD 20)
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  # All warnings of nvcc and of its host compiler.
  string(APPEND CMAKE_CUDA_FLAGS " -lineinfo -Xcompiler=-Wall")
  if(LOCKSTEP_WERROR)
    string(APPEND CMAKE_CUDA_FLAGS " -Werror=all-warnings -Xcompiler=-Werror")
  endif()
  find_package(CUDAToolkit REQUIRED)
  add_library(lockstep_cuda_runtime INTERFACE)
  target_link_libraries(lockstep_cuda_runtime INTERFACE CUDA::cudart_static)
  target_include_directories(lockstep_cuda_runtime SYSTEM INTERFACE ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_definitions(lockstep_cuda_runtime INTERFACE LOCKSTEP_WITH_CUDA=1)
  find_library(LOCKSTEP_CUDNN cudnn HINTS "${CUDAToolkit_LIBRARY_DIR}" "${CUDAToolkit_LIBRARY_ROOT}/lib" REQUIRED)
  add_library(lockstep_cuda_libraries INTERFACE)
  target_link_libraries(lockstep_cuda_libraries INTERFACE lockstep_cuda_runtime CUDA::cublas CUDA::cublasLt
                                                          ${LOCKSTEP_CUDNN})
endif()

# Suites alone: Google Benchmark, CLI11, zlib.
find_package(benchmark REQUIRED)
find_package(CLI11 REQUIRED)
find_package(ZLIB REQUIRED)
add_library(lockstep_suite_libraries INTERFACE)
target_link_libraries(lockstep_suite_libraries INTERFACE benchmark::benchmark CLI11::CLI11 ZLIB::ZLIB)
