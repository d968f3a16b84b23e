use ringstone_store::*;
use std::time::Instant;
fn open(max_memory: u64, eviction: Eviction) -> Store {
    Store::open(Options { max_memory, max_value_size: u64::MAX, eviction, hash_key: [6; 16] }).unwrap()
}
#[test]
fn fill() {
    for memory in [20u64<<20, 64 << 20] {
    for len in [0usize, 16, 100, 1000] {
        let store = open(memory, Eviction::S3Fifo);
        let v = vec![1u8; len];
        let n = memory / (len as u64 + 16);
        let mut line = format!("{}M len {len}: ", memory >> 20);
        for part in 0..6 {
            let t = Instant::now();
            let mut worst = 0;
            for i in part * n / 2..(part + 1) * n / 2 {
                let k = i.to_le_bytes();
                let h = store.hash(&k);
                let t1 = Instant::now();
                store.entry(&k, h, 1000).set(NewValue::Bytes(&v), Attributes::default()).unwrap();
                worst = worst.max(t1.elapsed().as_nanos());
            }
            let s = store.stats();
            line += &format!("| {} ns worst {} us items {} ghosts {:.2} index {:.2} ", t.elapsed().as_nanos() as u64 / (n / 2), worst / 1000, s.items, s.ghost_bytes as f64 / s.items as f64, s.index_bytes as f64 / s.items as f64);
        }
        println!("{line}");
    }}
}
#[test]
fn refused() {
    for memory in [64u64 << 20, 1 << 30, 4 << 30] {
        let store = open(memory, Eviction::None);
        let v = vec![1u8; 8000];
        let mut i = 0u64;
        while store.entry(&i.to_le_bytes(), store.hash(&i.to_le_bytes()), 1000).set(NewValue::Bytes(&v), Attributes::default()).is_ok() { i += 1; }
        let t = Instant::now();
        let mut worst = 0;
        for j in 0..200u64 {
            let k = (i + 1 + j).to_le_bytes();
            let t1 = Instant::now();
            let _ = store.entry(&k, store.hash(&k), 1000).set(NewValue::Bytes(&v), Attributes::default());
            worst = worst.max(t1.elapsed().as_nanos());
        }
        println!("{}M: refused {} us, worst {} us", memory >> 20, t.elapsed().as_micros() / 200, worst / 1000);
    }
}
#[test]
fn appends() {
    let store = open(256 << 20, Eviction::S3Fifo);
    for len in [20_000usize, 1 << 20, 8 << 20] {
        let k = b"log";
        let h = store.hash(k);
        store.entry(k, h, 1).set(NewValue::Bytes(&vec![1; len]), Attributes::default()).unwrap();
        let t = Instant::now();
        for _ in 0..300 { store.entry(k, h, 1).append(NewValue::Bytes(&[7; 100])).unwrap().unwrap(); }
        println!("append to {len}: {} us", t.elapsed().as_micros() as f64 / 300.0);
    }
}
#[test]
fn sweeping() {
    let store = open(64 << 20, Eviction::S3Fifo);
    for i in 0..1_000_000u64 { store.entry(&i.to_le_bytes(), store.hash(&i.to_le_bytes()), 1000).set(NewValue::Bytes(b"x"), Attributes{flags:0, expires_at_ms: 2000}).unwrap(); }
    let mut c = Some(0); let mut worst = 0;
    while let Some(at) = c { let t = Instant::now(); c = store.sweep_slice(at, 3000); worst = worst.max(t.elapsed().as_micros()); }
    println!("slice worst {worst} us");
}
