//! `#[napi]` only: conversion between JavaScript and `engine`, no logic. Builds into `index.node-build/`, which only
//! `ts/native.ts` imports.
//!
//! Control plane: `probe`, `start` and the class `NativeServer`. All of it runs on the JavaScript thread of the
//! environment that called; `finish` alone waits, on a thread of its own, and answers by promise.
//!
//! Lifetime: everything here is per environment (main thread or `worker_thread`). A server that was not stopped when
//! its environment ends is stopped by a cleanup hook; one whose `NativeServer` is collected is stopped by `Drop`.
//! Nothing here holds the process open but a pending `finish`.

mod error;
mod metrics;
mod options;
mod probe;
mod server;
