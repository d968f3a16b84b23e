package clients

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/valkey-io/valkey-go"
)

const patience = 15 * time.Second

// eventually waits for a state that tells nobody when it is reached.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

func eachProtocol(t *testing.T, body func(*testing.T, context.Context, *redis.Client)) {
	for _, protocol := range []int{2, 3} {
		t.Run(fmt.Sprintf("RESP%d", protocol), func(t *testing.T) {
			options := redis.Options{Addr: os.Getenv("RINGSTONE_ADDRESS"), Protocol: protocol, ReadTimeout: patience}
			client := redis.NewClient(&options)
			defer client.Close()
			must(t, client.FlushAll(context.Background()).Err())
			body(t, context.Background(), client)
		})
	}
}

func equal[T comparable](t *testing.T, got, wanted T) {
	t.Helper()
	if got != wanted {
		t.Fatalf("wanted %v, got %v", wanted, got)
	}
}

func TestRedisHashes(t *testing.T) {
	eachProtocol(t, func(t *testing.T, ctx context.Context, client *redis.Client) {
		equal(t, client.HSet(ctx, "h", "f", 1, "g", "two").Val(), 2)
		equal(t, fmt.Sprint(client.HGetAll(ctx, "h").Val()), "map[f:1 g:two]")
		var scanned struct {
			F int    `redis:"f"`
			G string `redis:"g"`
		}
		must(t, client.HMGet(ctx, "h", "f", "g").Scan(&scanned))
		equal(t, fmt.Sprint(scanned), "{1 two}")
		equal(t, client.HIncrBy(ctx, "h", "f", 4).Val(), 5)
		equal(t, client.HIncrByFloat(ctx, "h", "f", 0.5).Val(), 5.5)
		fields, iterator := map[string]string{}, client.HScan(ctx, "h", 0, "", 10).Iterator()
		for iterator.Next(ctx) {
			field := iterator.Val()
			iterator.Next(ctx)
			fields[field] = iterator.Val()
		}
		must(t, iterator.Err())
		equal(t, fmt.Sprint(fields), "map[f:5.5 g:two]")
		equal(t, client.HDel(ctx, "h", "f", "absent").Val(), 1)
		if err := client.Get(ctx, "h").Err(); err == nil || !redis.HasErrorPrefix(err, "WRONGTYPE") {
			t.Fatal(err)
		}
	})
}

// Read and write back what was read: only the optimistic lock keeps the sum right.
func TestRedisTransactions(t *testing.T) {
	const workers, rounds = 4, 25
	eachProtocol(t, func(t *testing.T, ctx context.Context, client *redis.Client) {
		add := func(tx *redis.Tx) error {
			number, err := tx.Get(ctx, "n").Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				return pipe.Set(ctx, "n", number+1, 0).Err()
			})
			return err
		}
		var group sync.WaitGroup
		for range workers {
			group.Add(1)
			go func() {
				defer group.Done()
				for done := 0; done < rounds; {
					switch err := client.Watch(ctx, add, "n"); {
					case err == nil:
						done++
					case !errors.Is(err, redis.TxFailedErr):
						t.Error(err)
						return
					}
				}
			}()
		}
		group.Wait()
		equal(t, client.Get(ctx, "n").Val(), strconv.Itoa(workers*rounds))
	})
}

func TestRedisScan(t *testing.T) {
	eachProtocol(t, func(t *testing.T, ctx context.Context, client *redis.Client) {
		pipe := client.Pipeline()
		for index := range 2000 {
			pipe.Set(ctx, fmt.Sprintf("scan-%d", index), 1, 0)
		}
		pipe.Set(ctx, "other", 1, 0)
		_, err := pipe.Exec(ctx)
		must(t, err)
		found, iterator := map[string]bool{}, client.Scan(ctx, 0, "scan-*", 100).Iterator()
		for iterator.Next(ctx) {
			found[iterator.Val()] = true
		}
		must(t, iterator.Err())
		equal(t, len(found), 2000)
		equal(t, client.DBSize(ctx).Val(), 2001)
	})
}

func TestRedisPublishAndSubscribe(t *testing.T) {
	eachProtocol(t, func(t *testing.T, ctx context.Context, client *redis.Client) {
		subscriber := client.Subscribe(ctx, "news")
		defer subscriber.Close()
		must(t, subscriber.PSubscribe(ctx, "n*"))
		messages := subscriber.Channel()
		eventually(t, "both subscriptions", func() bool {
			return client.PubSubNumPat(ctx).Val() == 1 && client.PubSubNumSub(ctx, "news").Val()["news"] == 1
		})
		equal(t, client.Publish(ctx, "news", "hello").Val(), 2)
		patterns := map[string]bool{}
		for range 2 {
			message := <-messages
			equal(t, message.Channel+": "+message.Payload, "news: hello")
			patterns[message.Pattern] = true
		}
		if !patterns[""] || !patterns["n*"] {
			t.Fatal(patterns)
		}
	})
}

func TestRedisGoesOnAfterClientKill(t *testing.T) {
	eachProtocol(t, func(t *testing.T, ctx context.Context, client *redis.Client) {
		must(t, client.Set(ctx, "a", "1", 0).Err())
		if client.ClientKillByFilter(ctx, "TYPE", "normal", "SKIPME", "yes").Err() != nil {
			t.Fatal("CLIENT KILL")
		}
		other := redis.NewClient(client.Options())
		defer other.Close()
		id := client.ClientID(ctx).Val()
		equal(t, other.ClientKillByFilter(ctx, "ID", strconv.FormatInt(id, 10)).Val(), 1)
		equal(t, client.Get(ctx, "a").Val(), "1")
	})
}

// valkey-go keeps copies by CLIENT TRACKING OPTIN: CLIENT CACHING YES, MULTI, PTTL, GET, EXEC.
func TestValkeyWithACacheOfItsOwn(t *testing.T) {
	ctx := context.Background()
	client, err := valkey.NewClient(valkey.ClientOption{InitAddress: []string{os.Getenv("RINGSTONE_ADDRESS")}})
	must(t, err)
	defer client.Close()
	must(t, client.Do(ctx, client.B().Flushall().Build()).Error())
	read := func() valkey.ValkeyResult {
		return client.DoCache(ctx, client.B().Get().Key("a").Cache(), time.Minute)
	}
	becomes := func(wanted string) {
		eventually(t, "a is "+wanted, func() bool {
			got, _ := read().ToString()
			return got == wanted
		})
	}
	write := func(command valkey.Completed) { must(t, client.Do(ctx, command).Error()) }
	write(client.B().Set().Key("a").Value("1").Build())
	becomes("1")
	if !read().IsCacheHit() {
		t.Fatal("the second read went to the server")
	}
	write(client.B().Set().Key("a").Value("2").Build())
	becomes("2")
	write(client.B().Set().Key("a").Value("3").PxMilliseconds(100).Build())
	becomes("3")
	becomes("")
	write(client.B().Hset().Key("h").FieldValue().FieldValue("f", "1").Build())
	hash, err := client.DoCache(ctx, client.B().Hgetall().Key("h").Cache(), time.Minute).AsStrMap()
	must(t, err)
	equal(t, fmt.Sprint(hash), "map[f:1]")
	var commands valkey.Commands
	for index := range 500 {
		commands = append(commands, client.B().Set().Key(strconv.Itoa(index)).Value(strconv.Itoa(index)).Build())
	}
	for _, result := range client.DoMulti(ctx, commands...) {
		must(t, result.Error())
	}
	values, err := valkey.MGet(client, ctx, []string{"7", "absent", "499"})
	must(t, err)
	last := values["499"]
	got, err := last.ToString()
	must(t, err)
	equal(t, got, "499")
}
