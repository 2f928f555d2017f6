// A client on gorilla/websocket: opens a WebSocket, sends each argument as a text message, and prints what comes.
//
//	gorilla [-compress] [-origin ORIGIN] URL MESSAGE...
//
// Each line of its output is JSON: {"extensions": …} when it is open, {"text": …} for each message,
// {"closed": …} or {"error": …} at the end.
package main

import (
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

const patience = 10 * time.Second

var out = json.NewEncoder(os.Stdout)

func main() {
	compress := flag.Bool("compress", false, "offer permessage-deflate")
	origin := flag.String("origin", "", "the header Origin")
	flag.Parse()
	dialer := websocket.Dialer{EnableCompression: *compress, HandshakeTimeout: patience}
	header := http.Header{}
	if *origin != "" {
		header.Set("Origin", *origin)
	}
	if err := converse(&dialer, header, flag.Arg(0), flag.Args()[1:]); err != nil {
		out.Encode(map[string]string{"error": err.Error()})
		os.Exit(1)
	}
}

func converse(dialer *websocket.Dialer, header http.Header, url string, messages []string) error {
	socket, answer, err := dialer.Dial(url, header)
	if err != nil {
		return err
	}
	defer socket.Close()
	socket.SetReadDeadline(time.Now().Add(patience))
	out.Encode(map[string]string{"extensions": answer.Header.Get("Sec-Websocket-Extensions")})
	for _, message := range messages {
		if err := exchange(socket, message); err != nil {
			return err
		}
	}
	return leave(socket)
}

func exchange(socket *websocket.Conn, message string) error {
	if err := socket.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		return err
	}
	_, reply, err := socket.ReadMessage()
	if err == nil {
		out.Encode(map[string]string{"text": string(reply)})
	}
	return err
}

func leave(socket *websocket.Conn) error {
	socket.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, "bye"))
	_, _, err := socket.ReadMessage()
	if ended, ok := err.(*websocket.CloseError); ok {
		out.Encode(map[string]int{"closed": ended.Code})
		return nil
	}
	return err
}
