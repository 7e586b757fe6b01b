// Dials every server that the standard input names, with crypto/tls as it is, and says what came of it.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

type subject struct {
	ID, Host, Bundle, Certificate, Key string
	Port                               int
}

type said struct {
	Accepts bool   `json:"accepts"`
	Words   string `json:"words"`
}

func main() {
	seconds, err := strconv.Atoi(os.Args[1])
	must(err)
	var subjects []subject
	must(json.NewDecoder(os.Stdin).Decode(&subjects))
	verdicts := [][2]any{}
	for _, one := range subjects {
		err := dial(one, time.Duration(seconds)*time.Second)
		verdict := said{Accepts: err == nil}
		if err != nil {
			verdict.Words = err.Error()
		}
		verdicts = append(verdicts, [2]any{one.ID, verdict})
	}
	must(json.NewEncoder(os.Stdout).Encode(verdicts))
}

func dial(one subject, patience time.Duration) error {
	bundle, err := os.ReadFile(one.Bundle)
	must(err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return fmt.Errorf("the bundle holds no certificate that Go can read")
	}
	config := &tls.Config{RootCAs: roots, ServerName: one.Host}
	if one.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(one.Certificate, one.Key)
		must(err)
		config.Certificates = []tls.Certificate{pair}
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(one.Port))
	connection, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", address, config)
	if err != nil {
		return err
	}
	defer connection.Close()
	must(connection.SetDeadline(time.Now().Add(patience)))
	// Over TLS 1.3 a server refuses the client after the handshake.
	if _, err := connection.Write([]byte("GET / HTTP/1.1\r\nHost: mcp.test\r\n\r\n")); err != nil {
		return err
	}
	_, err = connection.Read(make([]byte, 1))
	return err
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
