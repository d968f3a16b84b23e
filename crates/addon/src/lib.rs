//! `#[napi]` only: conversion between JavaScript and `engine` or `load`, no logic. Builds into `index.node-build/`, which only
//! `ts/native.ts` imports.
//!
//! Control plane: `probe`, `openCache` and the classes `NativeCache` and `NativeServer`. All of it runs on the JavaScript thread
//! of the environment that called; `finish` alone waits, on a thread of its own, and answers by promise. The class `NativeLoad`
//! runs a load in the same way.
//!
//! Data plane: `direct`, functions without the conversions of napi-rs. Values in pieces: `streams`.
//!
//! Lifetime: everything here is per environment (main thread or `worker_thread`). A server that was not stopped when
//! its environment ends is stopped by a cleanup hook; one whose `NativeServer` is collected is stopped by `Drop`.
//! A cache that was not closed is let go in the same way, and a load stops with its environment as well. Nothing here holds the process open but a pending `finish` or `run`.

mod cache;
mod direct;
mod error;
mod load;
mod loads;
mod metrics;
mod number;
mod options;
mod probe;
mod server;
mod stats;
mod streams;
