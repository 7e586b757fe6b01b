// Asks servers with net/http as it comes. The standard input is a list of {url, bundle}; without a bundle it goes by its
// environment. Names lead to 127.0.0.1, where the servers are.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

type subject struct{ URL, Bundle string }

func main() {
	var subjects []subject
	must(json.NewDecoder(os.Stdin).Decode(&subjects))
	said := []string{}
	for _, one := range subjects {
		words := ""
		if err := get(one); err != nil {
			words = err.Error()
		}
		said = append(said, words)
	}
	must(json.NewEncoder(os.Stdout).Encode(said))
}

func get(one subject) error {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			must(err)
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	if one.Bundle != "" {
		pem, err := os.ReadFile(one.Bundle)
		must(err)
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Get(one.URL)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
