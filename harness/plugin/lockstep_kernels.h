/* SPDX-License-Identifier: Apache-2.0
 *
 * The interface between Lockstep and a shared library of kernels: plain C, so that any compiler and any language serves.
 * C++ authors include lockstep_kernels.hpp, which fills in all of this for them.
 *
 * A library exports two functions, lockstep_kernels_abi_version and lockstep_kernels. Rules of the interface:
 *  - The version is one number. It changes when something here changes its meaning or its place; Lockstep loads libraries
 *    of its own version and no other.
 *  - Structs grow at their end only. `struct_size` is the size that the side which fills a struct knew; the other side
 *    reads nothing beyond it.
 *  - No exception, signal or longjmp crosses. A function says with its status how it ended, and why in a message.
 *  - Strings end in a zero byte. What Lockstep passes lives until the called function returns, except the memory that
 *    `data` points to: it lives until release. What the library lists lives as long as the process.
 *  - All calls come from one thread. The library is never unloaded.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LOCKSTEP_KERNELS_ABI_VERSION 1u

#if defined(_WIN32)
#define LOCKSTEP_EXPORT __declspec(dllexport)
#else
#define LOCKSTEP_EXPORT __attribute__((visibility("default")))
#endif

/* How a call ended. unsupported: this problem is not taken here, the message says why; failed: anything else. */
enum { LOCKSTEP_OK = 0, LOCKSTEP_UNSUPPORTED = 1, LOCKSTEP_FAILED = 2 };
enum { LOCKSTEP_FORWARD = 0, LOCKSTEP_BACKWARD = 1 };
enum { LOCKSTEP_F64 = 0, LOCKSTEP_F32 = 1, LOCKSTEP_F16 = 2, LOCKSTEP_BF16 = 3, LOCKSTEP_I64 = 4, LOCKSTEP_U8 = 5 };
/* contiguous: row-major. channels_last: axis 1 innermost. strided: rows with a gap behind each. unaligned: row-major, the
 * first element one element past the alignment. */
enum { LOCKSTEP_CONTIGUOUS = 0, LOCKSTEP_CHANNELS_LAST = 1, LOCKSTEP_STRIDED = 2, LOCKSTEP_UNALIGNED = 3 };
/* Whose memory `data` is, and where a launch runs. emulated: host memory, CUDA kernels thread by thread. */
enum { LOCKSTEP_CPU = 0, LOCKSTEP_EMULATED = 1, LOCKSTEP_GPU = 2 };
enum { LOCKSTEP_TWO_PASS = 0, LOCKSTEP_WELFORD = 1, LOCKSTEP_ONE_PASS = 2 };
/* The order in which the emulator runs threads and blocks. */
enum { LOCKSTEP_ORDER_FORWARD = 0, LOCKSTEP_ORDER_REVERSE = 1, LOCKSTEP_ORDER_RANDOM = 2 };

/* Where a function writes why it did not end well: at most `capacity` bytes with the zero byte. One line. */
typedef struct lockstep_message {
  char* text;
  size_t capacity;
} lockstep_message;

/* One tensor: extents by axis, outermost first; strides in elements. `data` points at the element of index 0, and is null
 * where the question is only whether or how precisely a problem is computed. Inputs must not be written. */
typedef struct lockstep_tensor {
  size_t struct_size;
  const char* name; /* PyTorch's: "x", "weight"; "y", "d_x" */
  void* data;
  int32_t dtype;
  int32_t rank;
  const int64_t* shape;
  const int64_t* strides;
} lockstep_tensor;

/* A parameter under PyTorch's name. Integers 7, reals 1e_05 and _0.5 (the minus sign is an underscore), lists 3x2, booleans
 * true and false, Python's None none. Absent where the problem leaves PyTorch's default. */
typedef struct lockstep_parameter {
  const char* name;
  const char* token;
} lockstep_parameter;

/* One problem of an operator. Tensors stand in the order of the operator's signature, which `lockstep list` prints. */
typedef struct lockstep_problem {
  size_t struct_size;
  const char* operator_name;
  const char* label; /* the last part of the case's id */
  int32_t direction;
  int32_t dtype;
  int32_t layout;
  int32_t device;
  const lockstep_tensor* inputs;
  size_t input_count;
  const lockstep_tensor* outputs;
  size_t output_count;
  const lockstep_parameter* parameters;
  size_t parameter_count;
  /* Most bytes of workspace that a plan may ask for; 0: none. */
  int64_t workspace_limit_bytes;
} lockstep_problem;

/* What an implementation promises about its arithmetic; the tolerance follows from it. Lockstep passes it filled in for
 * float32 in any order of summation, deterministic, with CUDA's documented functions; a library changes what differs.
 * Every field as in harness/numerics/precision_contract.hpp. */
typedef struct lockstep_contract {
  size_t struct_size;
  int32_t accumulation; /* a dtype */
  int32_t variance;
  int64_t partial_sums;
  double exp_ulp, erf_ulp, tanh_ulp, log_ulp, rsqrt_ulp;
  double erf_absolute;
  double operand_roundoff;
  double truncation_per_term;
  int32_t unbiased, flushes_subnormals, copies_keep_zero_sign, deterministic; /* 0 or 1 */
} lockstep_contract;

/* One launch. */
typedef struct lockstep_launch {
  size_t struct_size;
  /* The cudaStream_t on which everything is to be queued, and nothing else. Under the emulator an opaque pointer that kernels
   * are to be launched on; null on the CPU. */
  void* stream;
  /* What the plan asked for, to the byte, aligned to 256; null where it asked for nothing. Its contents do not last. */
  void* workspace;
  int64_t workspace_bytes;
  int32_t emulated_order;
  uint64_t emulated_seed;
} lockstep_launch;

/* One way to compute an operator in one direction. `self` is handed back unread. */
typedef struct lockstep_implementation {
  size_t struct_size;
  const char* operator_name; /* "layer_norm" */
  const char* name;          /* its idea, "warp_per_row": letters, digits and _ */
  int32_t direction;
  int32_t device;
  const void* self;
  /* LOCKSTEP_OK where the problem is taken, LOCKSTEP_UNSUPPORTED with the reason where not. */
  int32_t (*unsupported)(const void* self, const lockstep_problem* problem, lockstep_message* message);
  int32_t (*contract)(const void* self, const lockstep_problem* problem, lockstep_contract* contract,
                      lockstep_message* message);
  /* Makes a plan for these tensors and says how much workspace its launches take. Not timed. */
  int32_t (*prepare)(const void* self, const lockstep_problem* problem, void** plan, int64_t* workspace_bytes,
                     lockstep_message* message);
  /* Queues the work. Called again and again; timed. */
  int32_t (*launch)(const void* self, void* plan, const lockstep_launch* launch, lockstep_message* message);
  /* Ends a plan whose launches have finished. */
  void (*release)(const void* self, void* plan);
} lockstep_implementation;

typedef struct lockstep_library {
  size_t struct_size;
  const lockstep_implementation* const* implementations;
  size_t implementation_count;
} lockstep_library;

/* LOCKSTEP_KERNELS_ABI_VERSION as the library was compiled with it. Called before anything else. */
LOCKSTEP_EXPORT uint32_t lockstep_kernels_abi_version(void);
/* What the library holds; null with a message where it cannot say. */
LOCKSTEP_EXPORT const lockstep_library* lockstep_kernels(lockstep_message* message);

#ifdef __cplusplus
}
#endif
