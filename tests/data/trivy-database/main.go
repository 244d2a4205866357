// Write a small vulnerability database in Trivy's own format (bbolt, schema 2) from advisories in JSON.
//
// Usage: main ADVISORIES FOLDER. `data-source` and `vulnerability` hold values; any other bucket holds packages,
// and these hold advisories by their ids.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

type values map[string]json.RawMessage

func put(bucket *bolt.Bucket, all values) {
	for key, value := range all {
		check(bucket.Put([]byte(key), value))
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	raw, err := os.ReadFile(os.Args[1])
	check(err)
	var flat struct {
		DataSource    values `json:"data-source"`
		Vulnerability values `json:"vulnerability"`
		Packages      map[string]map[string]values
	}
	check(json.Unmarshal(raw, &flat))
	check(os.MkdirAll(os.Args[2], 0o755))
	db, err := bolt.Open(filepath.Join(os.Args[2], "trivy.db"), 0o644, nil)
	check(err)
	defer db.Close()
	check(db.Update(func(tx *bolt.Tx) error {
		for name, all := range map[string]values{"data-source": flat.DataSource, "vulnerability": flat.Vulnerability} {
			bucket, err := tx.CreateBucketIfNotExists([]byte(name))
			check(err)
			put(bucket, all)
		}
		for name, packages := range flat.Packages {
			bucket, err := tx.CreateBucketIfNotExists([]byte(name))
			check(err)
			for name, all := range packages {
				inner, err := bucket.CreateBucketIfNotExists([]byte(name))
				check(err)
				put(inner, all)
			}
		}
		return nil
	}))
}
