// Package clients uses gomemcache and go-redis through their ordinary interfaces; the server's address is in
// RINGSTONE_ADDRESS.
package clients

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/redis/go-redis/v9"
)

const limit = 8 * 1024 * 1024

func memcached(t *testing.T) *memcache.Client {
	t.Helper()
	client := memcache.New(os.Getenv("RINGSTONE_ADDRESS"))
	client.Timeout = 15 * time.Second
	if err := client.FlushAll(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, expected error) {
	t.Helper()
	if !errors.Is(err, expected) {
		t.Fatalf("wanted %v, got %v", expected, err)
	}
}

func TestMemcached(t *testing.T) {
	client := memcached(t)
	must(t, client.Ping())
	must(t, client.Set(&memcache.Item{Key: "a", Value: []byte("1"), Flags: 7}))
	item, err := client.Get("a")
	must(t, err)
	if string(item.Value) != "1" || item.Flags != 7 {
		t.Fatalf("got %+v", item)
	}
	want(t, client.Add(&memcache.Item{Key: "a", Value: []byte("2")}), memcache.ErrNotStored)
	want(t, client.Replace(&memcache.Item{Key: "absent", Value: []byte("2")}), memcache.ErrNotStored)
	must(t, client.Append(&memcache.Item{Key: "a", Value: []byte("2")}))
	must(t, client.Prepend(&memcache.Item{Key: "a", Value: []byte("0")}))
	_, err = client.Get("absent")
	want(t, err, memcache.ErrCacheMiss)
	must(t, client.Delete("a"))
	want(t, client.Delete("a"), memcache.ErrCacheMiss)
}

func TestMemcachedCompareAndSwap(t *testing.T) {
	client := memcached(t)
	must(t, client.Set(&memcache.Item{Key: "a", Value: []byte("1")}))
	first, err := client.Get("a")
	must(t, err)
	second, err := client.Get("a")
	must(t, err)
	first.Value = []byte("2")
	must(t, client.CompareAndSwap(first))
	want(t, client.CompareAndSwap(second), memcache.ErrCASConflict)
}

func TestMemcachedCounters(t *testing.T) {
	client := memcached(t)
	must(t, client.Set(&memcache.Item{Key: "n", Value: []byte("10")}))
	number, err := client.Increment("n", 5)
	if err != nil || number != 15 {
		t.Fatal(number, err)
	}
	number, err = client.Decrement("n", 100)
	if err != nil || number != 0 {
		t.Fatal(number, err)
	}
	_, err = client.Increment("absent", 1)
	want(t, err, memcache.ErrCacheMiss)
}

func TestMemcachedExpiry(t *testing.T) {
	client := memcached(t)
	must(t, client.Set(&memcache.Item{Key: "short", Value: []byte("1"), Expiration: 1}))
	must(t, client.Set(&memcache.Item{Key: "long", Value: []byte("1"), Expiration: 100}))
	must(t, client.Touch("long", 200))
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := client.Get("short"); errors.Is(err, memcache.ErrCacheMiss) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the item did not expire")
		}
	}
	_, err := client.Get("long")
	must(t, err)
}

func TestMemcachedManyKeysAndLargeValues(t *testing.T) {
	client := memcached(t)
	var keys []string
	for index := range 300 {
		key := fmt.Sprintf("many-%d", index)
		keys = append(keys, key)
		must(t, client.Set(&memcache.Item{Key: key, Value: bytes.Repeat([]byte{byte(index)}, index*50)}))
	}
	items, err := client.GetMulti(append(keys, "absent"))
	must(t, err)
	if len(items) != 300 || len(items["many-299"].Value) != 299*50 {
		t.Fatal(len(items))
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), limit/16)
	must(t, client.Set(&memcache.Item{Key: "large", Value: large}))
	item, err := client.Get("large")
	must(t, err)
	if !bytes.Equal(item.Value, large) {
		t.Fatal("a large value came back changed")
	}
}

func TestMemcachedConcurrently(t *testing.T) {
	client := memcached(t)
	must(t, client.Set(&memcache.Item{Key: "n", Value: []byte("0")}))
	var group sync.WaitGroup
	for range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 200 {
				if _, err := client.Increment("n", 1); err != nil {
					t.Error(err)
					return
				}
			}
		}()
	}
	group.Wait()
	item, err := client.Get("n")
	must(t, err)
	if string(item.Value) != "3200" {
		t.Fatalf("%s increments of 3200 arrived", item.Value)
	}
}

func TestMemcachedGoesOnAfterClientKill(t *testing.T) {
	client := memcached(t)
	client.MaxIdleConns = 1
	must(t, client.Set(&memcache.Item{Key: "a", Value: []byte("1")}))
	other := redis.NewClient(&redis.Options{Addr: os.Getenv("RINGSTONE_ADDRESS")})
	defer other.Close()
	if killed := other.ClientKillByFilter(context.Background(), "TYPE", "normal").Val(); killed < 1 {
		t.Fatal("no connection was ended")
	}
	// The request that finds its connection ended is lost.
	eventually(t, "a new connection", func() bool {
		item, err := client.Get("a")
		return err == nil && string(item.Value) == "1"
	})
}

func TestRedis(t *testing.T) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) { testRedis(t, protocol) })
	}
}

func testRedis(t *testing.T, protocol int) {
	background := context.Background()
	client := redis.NewClient(&redis.Options{Addr: os.Getenv("RINGSTONE_ADDRESS"), Protocol: protocol, ReadTimeout: 15 * time.Second})
	defer client.Close()
	must(t, client.FlushAll(background).Err())
	must(t, client.Set(background, "a", "1", 100*time.Second).Err())
	if value := client.Get(background, "a").Val(); value != "1" {
		t.Fatal(value)
	}
	want(t, client.Get(background, "absent").Err(), redis.Nil)
	if client.SetNX(background, "a", "2", 0).Val() {
		t.Fatal("SETNX overwrote")
	}
	if ttl := client.TTL(background, "a").Val(); ttl < 90*time.Second {
		t.Fatal(ttl)
	}
	if number := client.IncrBy(background, "n", 5).Val(); number != 5 {
		t.Fatal(number)
	}
	replies, err := client.Pipelined(background, func(pipe redis.Pipeliner) error {
		for index := range 1000 {
			pipe.Set(background, fmt.Sprintf("p-%d", index), index, 0)
			pipe.Get(background, fmt.Sprintf("p-%d", index))
		}
		return nil
	})
	must(t, err)
	if last := replies[1999].(*redis.StringCmd).Val(); last != "999" {
		t.Fatal(last)
	}
	values := client.MGet(background, "p-1", "absent", "p-2").Val()
	if fmt.Sprint(values) != "[1 <nil> 2]" {
		t.Fatal(values)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), limit/16)
	must(t, client.Set(background, "large", large, 0).Err())
	got, err := client.Get(background, "large").Bytes()
	must(t, err)
	if !bytes.Equal(got, large) {
		t.Fatal("a large value came back changed")
	}
}
