FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /venterom ./cmd/venterom && mkdir /data

# Nothing but the program, without a shell, run by nobody in particular. It writes in /data and nowhere else:
# docker run --read-only --cap-drop all --security-opt no-new-privileges
FROM gcr.io/distroless/static:nonroot
USER nonroot
COPY --from=build /venterom /venterom
COPY --from=build --chown=nonroot:nonroot /data /data
ENV VENTEROM_DATABASE=/data/venterom.db VENTEROM_SECRET_FILE=/data/venterom.secret VENTEROM_ADDRESS=:8080
VOLUME /data
EXPOSE 8080
# By the same settings as the server has, TLS included.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["/venterom", "ping"]
ENTRYPOINT ["/venterom"]
CMD ["serve"]
