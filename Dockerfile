FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /venterom ./cmd/venterom && mkdir /data

FROM gcr.io/distroless/static:nonroot
COPY --from=build /venterom /venterom
COPY --from=build --chown=nonroot:nonroot /data /data
ENV VENTEROM_DATABASE=/data/venterom.db VENTEROM_SECRET_FILE=/data/venterom.secret VENTEROM_ADDRESS=:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK CMD ["/venterom", "ping", "--address", "127.0.0.1:8080"]
ENTRYPOINT ["/venterom"]
CMD ["serve"]
