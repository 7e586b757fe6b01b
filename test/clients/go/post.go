// POSTs a body to a URL with Go's net/http as it is.
//
// usage: post URL BODY
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	request, err := http.NewRequest("POST", os.Args[1], strings.NewReader(os.Args[2]))
	exitOn(err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json, text/event-stream")
	response, err := http.DefaultClient.Do(request)
	exitOn(err)
	body, err := io.ReadAll(response.Body)
	exitOn(err)
	fmt.Println(string(body))
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
