/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * inline.h - for steps that the programs and the loader take alike: how the
 * compiler is told to make code of them.
 */
#ifndef SGATE_INLINE_H
#define SGATE_INLINE_H

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/*
 * Keeps the compiler from turning sums into compare-and-branch: nobody can
 * foresee a branch on a packet's addresses, so it costs far more than the arithmetic.
 */
#define SG_OPAQUE(value) asm volatile("" : "+r"(value))

#ifdef __clang__
#define SG_UNROLL _Pragma("unroll")
#else
#define SG_UNROLL _Pragma("GCC unroll 8")
#endif

#endif
